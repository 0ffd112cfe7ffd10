/**
 * Waits for something until nobody cares any more.
 *
 * @param late Gets what came after that.
 * @throws the signal's reason.
 */
export async function unlessAborted<T>(
  signal: AbortSignal,
  awaited: Promise<T>,
  late: (value: T) => void,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => {
    awaited.then(late, () => {})
    reject(signal.reason)
  }
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([awaited, promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
