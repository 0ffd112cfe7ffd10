import { expect, it } from 'vitest'
import { AccountWatch } from '../../src/auth/account-watch.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'

/** A watch that looks when it is told to. */
function openWatch() {
  const active = new Set([1, 2, 3])
  const asked: (readonly number[])[] = []
  let isDown = false
  const watch = new AccountWatch({
    accounts: {
      activeAmong: async (ids) => {
        asked.push(ids)
        if (isDown) throw new TributaryError('SOURCE_UNAVAILABLE', 'users is down')
        return ids.filter((id) => active.has(id))
      },
    },
    everyMs: 2 ** 30,
  })
  return {
    watch,
    active,
    asked,
    breakDown: (down: boolean) => {
      isDown = down
    },
  }
}

it('asks for all who are watched at once, and tells of each that is not active any more, once', async () => {
  const { watch, active, asked } = openWatch()
  await using _ = watch
  const told: string[] = []
  watch.watch(1, () => told.push('one'))
  watch.watch(2, () => told.push('two'))
  watch.watch(2, () => told.push('two again'))
  const end = watch.watch(3, () => told.push('three'))
  await watch.look()
  expect(asked).toEqual([[1, 2, 3]])
  expect(told).toEqual([])
  active.clear()
  end()
  await watch.look()
  await watch.look()
  expect(told).toEqual(['one', 'two', 'two again'])
  expect(asked).toEqual([
    [1, 2, 3],
    [1, 2],
  ])
})

it('tells nothing while the database is down', async () => {
  const { watch, active, breakDown } = openWatch()
  await using _ = watch
  let times = 0
  watch.watch(1, () => times++)
  active.clear()
  breakDown(true)
  await watch.look()
  expect(times).toBe(0)
  breakDown(false)
  await watch.look()
  expect(times).toBe(1)
})

it('watches on for who comes while somebody is told', async () => {
  const { watch, active } = openWatch()
  await using _ = watch
  const told: string[] = []
  watch.watch(1, () => {
    told.push('first')
    watch.watch(1, () => told.push('second'))
  })
  active.clear()
  await watch.look()
  expect(told).toEqual(['first'])
  await watch.look()
  expect(told).toEqual(['first', 'second'])
})
