/** Short names resemble too many others: `HOST` and `HOME`. */
const SHORTEST = 8;
/** From this length on, two typing errors are allowed. */
const LONG = 12;

/**
 * Variables that are set, have no meaning here and resemble an unset one that has. Variables of the platform that
 * resemble no name are not reported, and values never are.
 *
 * @param known names with a meaning
 * @returns a line for each
 */
export function misspelledNames(
  environment: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): string[] {
  const isSet = (name: string) => (environment[name] ?? '') !== '';
  const missing = [...known].filter((name) => name.length >= SHORTEST && !isSet(name));
  return Object.keys(environment)
    .filter((name) => !known.has(name) && isSet(name))
    .flatMap((name) => {
      const [nearest] = missing
        .map((meant) => ({ meant, distance: editDistance(name.toUpperCase(), meant) }))
        .filter(({ meant, distance }) => distance <= (meant.length < LONG ? 1 : 2))
        .sort((a, b) => a.distance - b.distance);
      return nearest ? [`${name} is set and means nothing here; is ${nearest.meant} meant?`] : [];
    });
}

/** The number of letters to insert, delete, change or swap with the next one to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
