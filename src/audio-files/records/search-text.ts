const ASCII = /^[\0-\x7f]*$/;

/**
 * The form in which texts are compared in a search: composed (NFC), in lower case, both forms of the small sigma as
 * one. The Turkish `İ` and `ı` count as `i`: a search for `istanbul` finds `İstanbul`, `ISTANBUL` and `ıstanbul`.
 */
export function searchText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // In lower case, İ becomes an i with a combining dot above, as in decomposed text.
  const lower = text.normalize('NFC').toLowerCase().replaceAll('i\u0307', 'i');
  return lower.replaceAll('ı', 'i').replaceAll('ς', 'σ').normalize('NFC');
}
