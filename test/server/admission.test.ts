import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/server/admission.ts'

const patient = new AbortController().signal

/** Work that has begun, with what ends it. */
function task(admission: Admission, signal = patient) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const began = Promise.withResolvers<void>()
  let hasBegun = false
  const done = admission.run(signal, () => {
    hasBegun = true
    began.resolve()
    return promise
  })
  return { began: began.promise, hasBegun: () => hasBegun, end: resolve, fail: reject, done }
}

describe('admission', () => {
  it('lets so many run at once, and the others in the order in which they came', async () => {
    const admission = new Admission({ maxConcurrent: 2, maxQueued: 2 })
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => task(admission))
    await Promise.all([first?.began, second?.began])
    expect(admission).toMatchObject({ running: 2, queued: 2 })
    second?.end('second')
    expect(await second?.done).toBe('second')
    await third?.began
    expect(fourth?.hasBegun()).toBe(false)
    expect(admission).toMatchObject({ running: 2, queued: 1 })
    for (const each of [first, third, fourth]) each?.end('')
    await Promise.all([first?.done, third?.done, fourth?.done])
    expect(admission).toMatchObject({ running: 0, queued: 0 })
  })

  it('turns away whoever comes to a full queue, to come again', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 0 })
    const running = task(admission)
    await running.began
    const refused = task(admission)
    await expect(refused.done).rejects.toMatchObject({
      code: 'SERVER_OVERLOADED',
      extensions: { retryable: true, http: { status: 503, headers: { 'retry-after': '1' } } },
    })
    expect(refused.hasBegun()).toBe(false)
    running.end('')
    await running.done
    expect(await admission.run(patient, () => 'next')).toBe('next')
  })

  it('gives up a wait with the signal, and its turn with it', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 2 })
    const running = task(admission)
    const client = new AbortController()
    const gone = task(admission, client.signal)
    const waiting = task(admission)
    client.abort(new Error('gone'))
    await expect(gone.done).rejects.toThrow('gone')
    expect(admission.queued).toBe(1)
    running.end('')
    await waiting.began
    expect(gone.hasBegun()).toBe(false)
    waiting.end('')
    await waiting.done
    expect(admission.running).toBe(0)
  })

  it('does not begin what has been given up before', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 1 })
    const given = task(admission, AbortSignal.abort(new Error('gone')))
    await expect(given.done).rejects.toThrow('gone')
    expect(admission).toMatchObject({ running: 0, queued: 0 })
  })

  it('takes back the place of work that fails, at once or later', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 0 })
    const failing = task(admission)
    failing.fail(new Error('later'))
    await expect(failing.done).rejects.toThrow('later')
    const throwing = () => {
      throw new Error('at once')
    }
    await expect(admission.run(patient, throwing)).rejects.toThrow('at once')
    expect(admission.running).toBe(0)
  })

  it('gives a free place to who waits before who comes', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 2 })
    const order: string[] = []
    const running = admission.run(patient, () => order.push('running'))
    const waiting = admission.run(patient, () => order.push('waiting'))
    const late = running.then(() => admission.run(patient, () => order.push('late')))
    await Promise.all([waiting, late])
    expect(order).toEqual(['running', 'waiting', 'late'])
  })
})
