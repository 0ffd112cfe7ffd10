import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A line of a CSV file by its column names; a value that is missing is an empty text. */
export type CsvRecord<Column extends string> = { readonly [C in Column]: string }

export interface CsvOptions<Column extends string> {
  readonly folder: string
  readonly file: string
  readonly columns: readonly Column[]
}

/**
 * Reads a CSV file without quoted values, as all of the trace's are.
 *
 * @throws Error when a column that is asked for is not there, a line has too many or too few values, or one is quoted.
 */
export async function readCsv<Column extends string>(
  options: CsvOptions<Column>,
): Promise<CsvRecord<Column>[]> {
  const { folder, file, columns } = options
  const [header = '', ...lines] = (await readFile(join(folder, file), 'utf8')).trimEnd().split(/\r?\n/)
  const names = header.split(',')
  const places = columns.map((column) => [column, names.indexOf(column)] as const)
  const missing = places.filter(([, place]) => place === -1).map(([column]) => column)
  if (missing.length > 0) throw new Error(`${file} has no column ${missing.join(', ')}`)
  return lines.map((line, index) => {
    const values = line.split(',')
    if (values.length !== names.length || line.includes('"'))
      throw new Error(`${file}: line ${index + 2} is not ${names.length} plain values`)
    return Object.fromEntries(places.map(([column, place]) => [column, values[place]])) as CsvRecord<Column>
  })
}
