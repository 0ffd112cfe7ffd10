/** A database, as far as accounts and sessions need it: one statement at a time, each a transaction. */
export interface Queryable {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
}
