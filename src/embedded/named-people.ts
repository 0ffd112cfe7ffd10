/** Somebody of the embedded data to sign in as. */
export interface NamedPerson {
  readonly email: string
  readonly password: string
  readonly fullName: string
  /** Key of the organization. */
  readonly organization: number
  readonly role: 'guest' | 'standard_engineer' | 'admin'
  /** What one sees as this person. */
  readonly about: string
}

const password = 'tributary'

/** The accounts to sign in with; their keys are 1, 2, 3, 4. */
export const namedPeople: readonly NamedPerson[] = [
  {
    email: 'admin@tributary.test',
    password,
    fullName: 'Ada Okafor',
    organization: 1,
    role: 'admin',
    about: 'administrator: sees everything but chats of others',
  },
  {
    email: 'engineer@tributary.test',
    password,
    fullName: 'Erik Lindqvist',
    organization: 1,
    role: 'standard_engineer',
    about: 'engineer: sees their projects, and the cluster',
  },
  {
    email: 'guest@tributary.test',
    password,
    fullName: 'Gwen Park',
    organization: 1,
    role: 'guest',
    about: 'guest: sees their projects',
  },
  {
    email: 'labeler@tributary.test',
    password,
    fullName: 'Lea Brandt',
    organization: 3,
    role: 'standard_engineer',
    about: 'of the Labeler team: signs in there too',
  },
]
