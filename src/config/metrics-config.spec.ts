import { describe, expect, it } from '@jest/globals';
import { readConfig } from './read-config.js';

const SECRET = { SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf' };
const read = (environment: Record<string, string> = {}) => readConfig({ ...SECRET, ...environment }, 2);

describe('METRICS', () => {
  it('is off by default', () => {
    expect(read()).not.toHaveProperty('emf');
    expect(read({ METRICS: '' })).not.toHaveProperty('emf');
    expect(read()).not.toHaveProperty('metricsPort');
  });

  it('names the service: on Lambda by the function, so that two of an account are two', () => {
    expect(read({ METRICS: 'emf' }).emf).toEqual({ service: 'decision-data-backend' });
    expect(read({ METRICS: 'emf', AWS_LAMBDA_FUNCTION_NAME: 'api-staging' }).emf).toEqual({
      service: 'api-staging',
    });
  });
});
