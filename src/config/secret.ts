import { inspect } from 'node:util'

const shown = '[secret]'

/** A value that is used and never printed: templates, JSON, `console.log` and pino all show `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Call it where it is used, and keep it in no other variable. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}
