/** The value that so large a share of sorted values lies below. */
export const quantile = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** A distribution of milliseconds, in a line. */
export function distribution(values: Float64Array): string {
  const sorted = values.toSorted()
  const at = (share: number) => `${quantile(sorted, share).toFixed(1)} ms`
  return `median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)} (${sorted.length} deliveries)`
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`)
