import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openUsersWorld, type UsersWorld } from './users-world.ts'

let world: UsersWorld

beforeAll(async () => {
  world = await openUsersWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const update = (input: object, fields?: string) => world.perform('updateProfile', input, 'owner', fields)

describe('updateProfile', () => {
  it('writes what is given, and nothing else, and answers it', async () => {
    const before = await world.row('users', world.keys.owner)
    const outcome = await update(
      {
        fullName: 'Erik 林',
        company: 'Northwind',
        companyCustom: 'N. Robotics',
        division: 'Perception',
        divisionCustom: 'Eyes',
        department: 'R&D',
        phoneNumber: '+46 8 123',
        bio: 'Ö'.repeat(20_000),
        avatarName: 'calm-otter-7',
        badgeColor: '#16A34A',
      },
      'user { databaseId fullName bio badgeColor email }',
    )
    expect(outcome).toMatchObject({
      user: {
        databaseId: world.keys.owner,
        fullName: 'Erik 林',
        badgeColor: '#16A34A',
        email: world.emails.owner,
      },
    })
    const after = await world.row('users', world.keys.owner)
    expect(after).toEqual({
      ...before,
      full_name: 'Erik 林',
      company: 'Northwind',
      company_custom: 'N. Robotics',
      division: 'Perception',
      division_custom: 'Eyes',
      department: 'R&D',
      phone_number: '+46 8 123',
      bio: 'Ö'.repeat(20_000),
      avatar_name: 'calm-otter-7',
      badge_color: '#16A34A',
      updated_at: after?.updated_at,
    })
    expect(after?.updated_at).not.toEqual(before?.updated_at)
  })

  it('takes away what is null, and leaves what is not given', async () => {
    await update({ fullName: 'Erik', phoneNumber: '1' })
    await update({ phoneNumber: null })
    expect(await world.row('users', world.keys.owner)).toMatchObject({
      full_name: 'Erik',
      phone_number: null,
    })
  })

  it('refuses what the columns do not hold, by the field’s name', async () => {
    const wrong = {
      fullName: ['', '  ', null, 'x'.repeat(256), 'a\u0000b', 'half \ud800'],
      company: ['x'.repeat(101)],
      companyCustom: ['x'.repeat(256)],
      division: ['x'.repeat(101)],
      divisionCustom: ['x'.repeat(256)],
      department: ['x'.repeat(256)],
      phoneNumber: ['x'.repeat(51)],
      bio: ['\u0000'],
      avatarName: ['x'.repeat(101)],
      badgeColor: ['red; background: url(x)', '#12', '#12345', '#1234567', 'x'.repeat(21)],
    }
    for (const [field, values] of Object.entries(wrong))
      for (const value of values)
        expect(await update({ [field]: value }), `${field} ${value}`).toMatchObject({
          code: 'INVALID_INPUT',
          field,
        })
    expect(await update({})).toMatchObject({ __typename: 'InvalidInput', field: 'input' })
  })

  it('has no way to another address, role or organization', async () => {
    for (const field of ['email', 'systemRole', 'organizationId', 'isActive', 'id'])
      await expect(update({ [field]: 'x' })).rejects.toThrow('not to include unknown field')
  })
})
