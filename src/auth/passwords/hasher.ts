import { hash as argon2Hash, hashRaw as argon2Raw, verify as argon2Verify } from '@node-rs/argon2'
import { hash as bcryptHash, verify as bcryptVerify } from '@node-rs/bcrypt'

/** The hash functions themselves, off the main thread. */
export interface PasswordHasher {
  /** 2^cost rounds. Only the first 72 bytes of the password count. */
  verifyBcrypt(password: string, hash: string): Promise<boolean>
  hashBcrypt(password: string, cost: number): Promise<string>
  verifyArgon2id(password: string, hash: string): Promise<boolean>
  hashArgon2id(password: string): Promise<string>
  /** Does the work of a verification: `timeCost` passes over `memoryCost` KiB. */
  spendArgon2id(password: string, memoryCost: number, timeCost: number): Promise<void>
}

/** What OWASP recommends for argon2id: 19 MiB, two passes, one lane. */
export const argon2idWork = { memoryCost: 19_456, timeCost: 2 }

const salt = Buffer.alloc(16)

export const nativeHasher: PasswordHasher = {
  verifyBcrypt: (password, hash) => bcryptVerify(password, hash),
  hashBcrypt: (password, cost) => bcryptHash(password, { cost }),
  verifyArgon2id: (password, hash) => argon2Verify(hash, password),
  hashArgon2id: (password) => argon2Hash(password, { ...argon2idWork, parallelism: 1 }),
  async spendArgon2id(password, memoryCost, timeCost) {
    await argon2Raw(password, { memoryCost, timeCost, parallelism: 1, salt })
  },
}
