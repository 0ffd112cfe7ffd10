import DataLoader from 'dataloader'
import { type GraphContext, memoised } from './context.ts'
import type { RowKey } from './entity.ts'

/**
 * A value for one row, loaded for all rows that are asked in the same tick in one go.
 *
 * @param name of the batch, unique for its loading function and arguments.
 * @param load values by key; a key that it leaves out has none.
 */
export function loadBatched<K extends RowKey, V>(
  context: GraphContext,
  name: string,
  key: K,
  load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
): Promise<V | undefined> {
  const loader = memoised(context, `batch ${name}`, () => {
    return new DataLoader<K, V | undefined>(async (keys) => {
      const values = await load(keys)
      return keys.map((one) => values.get(one))
    })
  })
  return loader.load(key)
}
