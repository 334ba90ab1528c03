/** Numbers that are added up by labels. The labels have few values. */
export class Sums<Labels extends object, Name extends string> {
  private readonly rows = new Map<string, { labels: Labels; numbers: Record<Name, number> }>();

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  add(labels: Labels, numbers: Readonly<Record<Name, number>>): void {
    const key = JSON.stringify(labels);
    const row = this.rows.get(key);
    if (row === undefined) {
      this.rows.set(key, { labels, numbers: { ...numbers } });
      return;
    }
    for (const name of Object.keys(numbers) as Name[]) row.numbers[name] += numbers[name];
  }

  /** The sum of all rows, or of those with labels that fit. */
  total(name: Name, fits: (labels: Labels) => boolean = () => true): number {
    return [...this.rows.values()]
      .filter(({ labels }) => fits(labels))
      .reduce((sum, { numbers }) => sum + numbers[name], 0);
  }

  /** Labels and numbers of each row, as one object. Numbers have at most three decimals. */
  list(): object[] {
    return [...this.rows.values()].map(({ labels, numbers }) => ({
      ...labels,
      ...Object.fromEntries(Object.entries<number>(numbers).map(([name, value]) => [name, rounded(value)])),
    }));
  }
}

/** With three decimals: additions leave digits that mean nothing. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
