import { describe, expect, it } from 'vitest'
import { createLogger } from '../../src/config/logger.ts'
import { Secret } from '../../src/config/secret.ts'

const logged = (format: 'json' | 'pretty') => {
  let text = ''
  const write = (line: string) => {
    text += line
  }
  const log = createLogger({ level: 'info', format }, { write })
  log.debug('too quiet')
  log.info({ url: new Secret('hunter2') }, 'listening')
  return text
}

describe('createLogger', () => {
  it('writes JSON lines, without secrets', () => {
    const line = JSON.parse(logged('json'))
    expect(line).toMatchObject({ level: 30, msg: 'listening', url: '[secret]' })
    expect(new Date(line.time).getFullYear()).toBeGreaterThan(2000)
  })

  it('writes lines for people, without secrets', () => {
    const text = logged('pretty')
    expect(text).toMatch(/INFO.*listening/)
    expect(text).toContain('[secret]')
    expect(text).not.toMatch(/hunter2|too quiet/)
  })
})
