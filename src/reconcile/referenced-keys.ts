/** The id of a record within a key. */
const FILE_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
/** A character after which a name may continue that of the audio. */
const BREAK = /[^\p{L}\p{N}]/gu;

/** The object keys of a user's records, and the keys that belong to them. */
export class ReferencedKeys {
  private readonly keys: ReadonlySet<string>;
  /** The same without their file extensions. */
  private readonly stems = new Set<string>();
  private readonly ids = new Set<string>();

  /**
   * @param keys of the records
   * @param prefix of the user's keys
   */
  constructor(
    keys: ReadonlySet<string>,
    private readonly prefix: string,
  ) {
    this.keys = keys;
    for (const key of keys) {
      if (!key.startsWith(prefix)) continue;
      const stem = key.replace(/\.\w+$/, '');
      if (stem.length > prefix.length) this.stems.add(stem);
      for (const id of idsIn(key.slice(prefix.length))) this.ids.add(id);
    }
  }

  /** Whether a record has this key. */
  has(key: string): boolean {
    return this.keys.has(key);
  }

  /**
   * Whether the object belongs to the object of a record, as a transcript does: its name continues that of the audio,
   * with or without the extension (`a.json`, `a.m4a.vtt`, `a/words.json` and `a-speakers.rttm` beside `a.m4a`), or
   * contains the id of the record (`transcripts/{id}.txt`). When the record is deleted, it is an object without a
   * record like any other.
   */
  hasBeside(key: string): boolean {
    const name = key.slice(this.prefix.length);
    if (idsIn(name).some((id) => this.ids.has(id))) return true;
    return [...name.matchAll(BREAK)].some(({ index }) => this.stems.has(this.prefix + name.slice(0, index)));
  }
}

function idsIn(name: string): string[] {
  return (name.match(FILE_ID) ?? []).map((id) => id.toLowerCase());
}
