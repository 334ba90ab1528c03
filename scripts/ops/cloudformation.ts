/** The parts of CloudFormation that the template uses. */

/** Any JSON value. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DeletionPolicy?: 'RetainExceptOnCreate';
  readonly UpdateReplacePolicy?: 'Retain';
  readonly Properties: { readonly [property: string]: Json };
}

/** Parts of a template by name. */
export type Section = Record<string, Json>;
export type Resources = Record<string, Resource>;

export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters: Section;
  readonly Conditions?: Section;
  readonly Resources: Resources;
  readonly Outputs?: Section;
}

/** A property that is omitted. */
export const NO_VALUE = ref('AWS::NoValue');

export function ref(name: string): Json {
  return { Ref: name };
}

export function arn(resource: string): Json {
  return { 'Fn::GetAtt': [resource, 'Arn'] };
}

/** Text in which `${Name}` and `${Name.Attribute}` are replaced. */
export function sub(text: string): Json {
  return { 'Fn::Sub': text };
}

export function when(condition: string, then: Json, otherwise: Json = NO_VALUE): Json {
  return { 'Fn::If': [condition, then, otherwise] };
}

/** Condition: a parameter has a value. */
export function isSet(parameter: string): Json {
  return { 'Fn::Not': [{ 'Fn::Equals': [ref(parameter), ''] }] };
}

/** A name of words with hyphens, as names of resources are: `email-index` is `EmailIndex`. */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
