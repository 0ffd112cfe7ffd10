import { builder } from '../../graph/builder.ts'
import { optionalText, requiredText } from '../../graph/checked-input.ts'
import { mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { requireChange, updateRow, utcNow } from '../../graph/write.ts'
import { InvalidInput, invalid, refusable } from '../../graph/write-failure.ts'
import { User } from './user.ts'

interface Changed {
  readonly user: number
}

/** A name of a colour, or `#` and 3, 4, 6 or 8 hexadecimal digits: pages write it into their styles. */
const colour = /^(#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]{1,20})$/i

function checkedColour<T extends string | null | undefined>(given: T): T {
  if (given == null || colour.test(given)) return given
  throw invalid('badgeColor', 'badgeColor has to be the name of a colour, or written as #4f46e5.')
}

mutation('updateProfile', {
  description: 'Changes what a person says of themselves. Address and role are not theirs to change here.',
  access: 'person',
  input: (t) => ({
    fullName: t.string({ description: 'The person’s name; 255 characters at most.' }),
    company: t.string({ description: 'The company, as chosen from a list; null takes it away.' }),
    companyCustom: t.string({ description: 'The company in the person’s own words.' }),
    division: t.string({ description: 'The division, as chosen from a list; null takes it away.' }),
    divisionCustom: t.string({ description: 'The division in the person’s own words.' }),
    department: t.string({ description: 'The department within the division.' }),
    phoneNumber: t.string({ description: 'Where the person can be called; 50 characters at most.' }),
    bio: t.string({ description: 'What the person tells of themselves.' }),
    avatarName: t.string({ description: 'Which avatar to show; 100 characters at most.' }),
    badgeColor: t.string({ description: 'Colour of the badge: a name, or such as `#4f46e5`.' }),
  }),
  success: builder.objectRef<Changed>('UpdateProfileSuccess').implement({
    description: 'The profile is changed.',
    fields: (t) => ({
      user: t.field(rowField<Changed>(User, ({ user }) => user, 'The person as they are now.')),
    }),
  }),
  failures: [InvalidInput],
  run: (input, { context, principal, note }) =>
    refusable(async () => {
      const values = {
        full_name: requiredText(input.fullName, 'fullName', 255),
        company: optionalText(input.company, 'company', 100),
        company_custom: optionalText(input.companyCustom, 'companyCustom', 255),
        division: optionalText(input.division, 'division', 100),
        division_custom: optionalText(input.divisionCustom, 'divisionCustom', 255),
        department: optionalText(input.department, 'department', 255),
        phone_number: optionalText(input.phoneNumber, 'phoneNumber', 50),
        bio: optionalText(input.bio, 'bio'),
        avatar_name: optionalText(input.avatarName, 'avatarName', 100),
        badge_color: checkedColour(input.badgeColor),
      }
      requireChange(values)
      note({ target: `user:${principal.id}`, detail: { fields: Object.keys(input) } })
      await inTransaction(context, User.source, (run) =>
        updateRow(run, User, { key: principal.id, values: { ...values, updated_at: utcNow } }),
      )
      return { user: principal.id }
    }),
})
