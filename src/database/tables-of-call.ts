/** The tables of a call, from the input of the SDK command. */
export function tablesOf(input: object): string[] {
  const { TableName, RequestItems, TransactItems } = input as {
    TableName?: string;
    RequestItems?: Record<string, unknown>;
    TransactItems?: Record<string, { TableName?: string }>[];
  };
  if (TableName !== undefined) return [TableName];
  const inTransaction = (TransactItems ?? [])
    .flatMap((item) => Object.values(item))
    .flatMap((part) => part.TableName ?? []);
  return [...new Set([...Object.keys(RequestItems ?? {}), ...inTransaction])];
}
