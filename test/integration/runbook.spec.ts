import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const DOCUMENTS = ['docs/operations.md', 'ops/README.md', 'README.md', 'CONTRIBUTING.md'];

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(`src/${file}`, 'utf8'));

/** Texts in quotation marks in the sources, those with something to fill in cut into their parts. */
const texts = sources
  .flatMap((source) => [...source.matchAll(/'((?:[^'\\\n]|\\.)+)'|"([^"\n]+)"|`([^`]+)`/g)])
  .map(([, single, double, template]) => single ?? double ?? template ?? '');

/** What a document has in code spans, but not in blocks of code. */
function spansOf(document: string): string[] {
  const prose = readFileSync(document, 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '));
}

/** Whether it is a message: words, of which none is a command, a request, an option or a setting. */
function isMessage(span: string): boolean {
  const isOther =
    /^(npm|npx|apt-get|node|aws|docker|openssl|curl|--|[A-Z_]+[ =])|[{}=/]|\w\(|: [^\s…]+$/.test(span);
  return /\w \w/.test(span) && !isOther;
}

/** Whether the code says it: as the beginning of a text, or as its end after `…`. */
function isSaid(message: string): boolean {
  if (message.startsWith('…')) return texts.some((text) => text.endsWith(message.slice(1).trim()));
  if (texts.some((text) => text.startsWith(message.replace(/ ?…$/, '')))) return true;
  // What begins with something to fill in.
  const ends = texts.flatMap((text) => /^\$\{[\w.]+\}( .{20,})$/.exec(text)?.[1] ?? []);
  return ends.some((end) => {
    const at = message.indexOf(end.slice(0, 15));
    return at > 0 && end.startsWith(message.slice(at).replace(/ ?…$/, ''));
  });
}

describe('The documents for operators', () => {
  it.each(DOCUMENTS)('%s quotes only messages that the code has', (document) => {
    expect(spansOf(document).filter((span) => isMessage(span) && !isSaid(span))).toEqual([]);
  });

  it('are read by a test that knows a message when it sees one', () => {
    expect(spansOf('docs/operations.md').filter(isMessage).length).toBeGreaterThan(15);
    expect(isSaid('the service is temporarily unavailable')).toBe(false);
    expect(isSaid('request failed unexpectedly')).toBe(true);
  });

  it.each(DOCUMENTS)('%s names only commands that there are', (document) => {
    const named = spansOf(document).flatMap((span) => /npm run (?:--silent )?([\w:]+)/.exec(span)?.[1] ?? []);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('the runbook explains every error of the log, and every fault of a deployment', () => {
    const errors = sources
      .flatMap((source) => [...source.matchAll(/logger\.error\(\s*\{[^}]*\},\s*(?:'([^']+)'|`([^`]+)`)/g)])
      .map(([, text, template = '']) => text ?? template.replace(/^\$\{\w+\}/, '…'));
    const remedies = ['database/database-errors.ts', 'storage/storage-errors.ts']
      .map((file) => readFileSync(`src/${file}`, 'utf8'))
      .flatMap((source) => [
        ...source.matchAll(/'([^']*\b(?:run npm|npm run|check the|its role|correct)\b[^']*)'/g),
      ])
      .map(([, text = '']) => text);
    expect(errors.length).toBeGreaterThan(5);
    expect(remedies.length).toBe(8);
    const explained = spansOf('docs/operations.md').filter(isMessage);
    const isExplained = (message: string) =>
      explained.some(
        (span) =>
          message.startsWith(span.replace(/ ?…$/, '')) ||
          (message.startsWith('… ') && span.endsWith(message.slice(1))),
      );
    expect([...errors, ...remedies].filter((message) => !isExplained(message))).toEqual([]);
  });
});
