const ASCII = /^[\0-\x7f]*$/;

/**
 * What a text is compared by where people search: composed (NFC), in lower case, both forms of the small sigma as one. The
 * Turkish `İ` and `ı` count as `i`: a search for `istanbul` finds `İstanbul`, `ISTANBUL` and `ıstanbul`.
 */
export function searchText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // In lower case, İ is an i with a dot above; so is what was taken apart.
  const lower = text.normalize('NFC').toLowerCase().replaceAll('i\u0307', 'i');
  return lower.replaceAll('ı', 'i').replaceAll('ς', 'σ').normalize('NFC');
}
