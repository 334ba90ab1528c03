/** The id of a record within a key. */
const FILE_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
/** Where a name may go on after the one of the audio. */
const BREAK = /[^\p{L}\p{N}]/gu;

/** The object keys that the records of a user name, and what belongs to those. */
export class ReferencedKeys {
  private readonly keys: ReadonlySet<string>;
  /** The same without their name endings. */
  private readonly stems = new Set<string>();
  private readonly ids = new Set<string>();

  /**
   * @param keys that records name
   * @param prefix what the keys of the user begin with
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

  /** Whether a record names the object. */
  has(key: string): boolean {
    return this.keys.has(key);
  }

  /**
   * Whether the object belongs to one that a record names, as a transcript beside the audio does: its name is that of the
   * audio, with or without its ending, and goes on (`a.json`, `a.m4a.vtt`, `a/words.json` and `a-speakers.rttm` beside
   * `a.m4a`), or has the id of the record somewhere (`transcripts/{id}.txt`). Once the record is gone, it is a stray as
   * any other.
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
