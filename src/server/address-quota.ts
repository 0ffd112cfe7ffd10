/** Counts what each address has, so that none takes everything. */
export class AddressQuota {
  readonly #limit: number
  readonly #counts = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  isUsedUp(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= this.#limit
  }

  take(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
  }

  giveBack(address: string): void {
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
