import { decode, encode } from '@jridgewell/sourcemap-codec';

/** The part of a source map, version 3, that is used. */
interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/**
 * A source map without positions in packages. With them it has 4 MB, which Node parses into 90 MB of objects at the
 * first error; without them a tenth. Stack frames in packages have positions in the bundle.
 *
 * @param json source map, version 3
 */
export function withOwnSourcesOnly(json: string): string {
  const map = JSON.parse(json) as SourceMap;
  const isOwn = (source: number): boolean => !map.sources[source]?.includes('node_modules/');
  const kept = new Map<number, number>();
  let inPackage = false;
  const lines = decode(map.mappings).map((line) =>
    line.flatMap((segment): typeof line => {
      const [column, source] = segment;
      if (source !== undefined && isOwn(source)) {
        inPackage = false;
        if (!kept.has(source)) kept.set(source, kept.size);
        const [, , row = 0, sourceColumn = 0] = segment;
        return [[column, kept.get(source) ?? 0, row, sourceColumn]];
      }
      // The first one ends the mapping of our own source before it; further ones are redundant.
      if (inPackage) return [];
      inPackage = true;
      return [[column]];
    }),
  );
  const sources = [...kept.keys()].map((source) => map.sources[source]);
  return JSON.stringify({ ...map, sources, names: [], mappings: encode(lines) });
}
