import { namedPeople } from '../named-people.ts'
import { Random } from './random.ts'
import { day, hour, minute, now, timestamp } from './time.ts'

/** The password of every seeded account is `tributary`; this is its bcrypt hash at cost 12. */
const hashedPassword = '$2b$12$Tr1butarySeedPasswordur8lXwt8i6iacHB17Gnkkaq.XuPkLhd.'

export type SystemRole = 'guest' | 'standard_engineer' | 'advanced_engineer' | 'manager' | 'admin'

export interface Person {
  readonly id: number
  readonly email: string
  readonly organizationId: number | null
  readonly role: SystemRole
  readonly active: boolean
}

interface Account {
  readonly email: string
  readonly name: string
  readonly organizationId: number | null
  readonly role: SystemRole
  readonly active: boolean
}

/** Name, company, division, most users, most storage in GB, most GPU hours a month. */
const organizations = [
  ['Northwind Perception', 'Northwind Robotics', 'Perception', 40, 20_000, 6_000],
  ['Northwind Logistics', 'Northwind Robotics', 'Logistics', 25, 8_000, 1_500],
  ['Meridian Radiology', 'Meridian Health', 'Radiology', 30, 50_000, 4_000],
  ['Müller & Söhne Qualitätsprüfung', 'Müller & Söhne', 'Qualität', 15, 4_000, 800],
  ['光学研究所 画像解析部', '光学研究所', '画像解析', 20, 12_000, 2_400],
  ['Harbor Agritech', 'Harbor Agritech', null, null, null, null],
] as const

/** Full names by organization, the last without one; where the name is not Latin, its e-mail part follows. */
const namesByOrganization: readonly (readonly string[])[] = [
  [
    'Priya Raman',
    'Tomás Herrera',
    'Hannah Weiss',
    'Kwame Mensah',
    'Sofia Rossi',
    'Daniel Novák',
    'Mei-Ling Chou',
    'Oskar Nyström',
    'Fatima Zahra El Idrissi',
    'Jonah Whitfield',
    'Zoë van der Berg',
    'Arjun Desai',
    'Lucía Fernández',
  ],
  [
    'Marek Kowalczyk',
    'Ingrid Solberg',
    'Rafael Souza',
    'Naomi Adler',
    'Bilal Hussain',
    'Chloé Dubois',
    'Peter Hoang',
    'Yara Haddad',
  ],
  [
    'Dr. Elena Petrova',
    'Samuel Osei',
    'Clara Jensen',
    'Anaïs Lefèvre',
    'Michael O’Connor',
    'Nadia Rahman',
    'Victor Almeida',
    'Ruth Goldberg',
    'Tariq Aziz',
    'Beatriz Monteiro',
    'Ünal Şahin',
  ],
  [
    'Jürgen Müller',
    'Sabine Größler',
    'Florian Köhler',
    'Katharina Weiß',
    'Matthias Schäfer',
    'Björn Österreicher',
  ],
  [
    '佐藤 美咲|misaki.sato',
    '鈴木 健太|kenta.suzuki',
    '高橋 さくら|sakura.takahashi',
    '田中 大輔|daisuke.tanaka',
    '김민준|minjun.kim',
    '王 小明|xiaoming.wang',
    'Emi Watanabe',
  ],
  ['Grace Tamale', 'Liam Fitzgerald', 'Mateo Vargas', 'Astrid Lund', 'Owen Parry'],
  [
    'Дмитрий Соколов|dmitri.sokolov',
    'Leila Farahani',
    'Noah Silva',
    'Camille Roux',
    'Jack Thornton',
    'Wren Abernathy-Featherstonehaugh',
  ],
]

const departments = ['Machine Learning', 'Data Engineering', 'Research', 'Quality', 'Operations']
const badgeColors = ['#4f46e5', '#0891b2', '#16a34a', '#d97706', '#dc2626', '#7c3aed']
const biographies = [
  'Keeps the datasets honest and the dashboards calm.',
  'Ten years of industrial vision; would rather fix a label than tune a scheduler.',
  'Détection, segmentation et café.',
  '画像認識の研究をしています。',
  [
    'I started out calibrating line-scan cameras in a paper mill and never quite left the factory floor.',
    'Today I look after the training pipelines of three teams: data intake, labelling guidelines, the',
    'nightly regression suite, and the weekly hour in which everybody shows the worst prediction of the week.',
    'Write to me when a loss curve looks too good; it usually is.',
  ].join(' '),
]

const host = ['northwind', 'northwind', 'meridian', 'mueller', 'kogaku', 'harbor', 'freelance']

function emailOf(name: string, organization: number): string {
  const [latin = '', given] = name.split('|')
  const local = latin
    .replace(/^Dr\. /, '')
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/[^A-Za-z -]/g, '')
    .trim()
    .toLowerCase()
    .replaceAll(' ', '.')
  return `${given ?? local}@${host[organization]}.example`
}

/** Organizations and users: who they are, and their rows. */
export function people() {
  const random = new Random('people')
  const founded = now - 700 * day
  const organizationRows = organizations.map(([name, company, division, users, storage, hours], index) => ({
    id: index + 1,
    name,
    company,
    division,
    max_users: users,
    max_storage_gb: storage,
    max_gpu_hours_per_month: hours,
    created_at: timestamp(founded + index * 17 * day + random.integer(0, 8 * hour)),
    updated_at: timestamp(now - random.integer(5 * day, 200 * day)),
  }))

  const persons: Person[] = []
  const userRows: Record<string, unknown>[] = []
  const add = (account: Account) => {
    const { email, name, organizationId, role, active } = account
    const id = persons.length + 1
    const joined = founded + 60 * day + Math.floor(id * 3.5 * day) + random.integer(0, 9 * hour)
    const organization = organizationId === null ? undefined : organizations[organizationId - 1]
    const forgotPassword = id === 11 || id === 23
    persons.push({ id, email, organizationId, role, active })
    userRows.push({
      id,
      keycloak_id: random.chance(0.7) ? random.uuid() : null,
      email,
      hashed_password: random.chance(0.9) || id <= namedPeople.length ? hashedPassword : null,
      full_name: id === 52 ? null : name,
      company: organization?.[1] ?? 'Other',
      company_custom: organization === undefined ? 'Independent' : null,
      division: organization?.[2] ?? null,
      division_custom: organization === undefined ? 'Consulting' : null,
      department: random.chance(0.6) ? random.pick(departments) : null,
      organization_id: organizationId,
      phone_number: random.chance(0.4) ? `+1 555 01${String(random.integer(0, 99)).padStart(2, '0')}` : null,
      bio: random.chance(0.3) ? random.pick(biographies) : null,
      system_role: role,
      is_active: active,
      avatar_name: random.chance(0.8) ? `avatar-${random.integer(1, 24)}` : null,
      badge_color: random.chance(0.8) ? random.pick(badgeColors) : null,
      password_reset_token: forgotPassword ? random.hex(43) : null,
      password_reset_expires: forgotPassword ? timestamp(now + (id === 11 ? 40 * minute : -30 * day)) : null,
      created_at: timestamp(joined),
      updated_at: timestamp(joined + random.between(0, 0.9) * (now - joined)),
    })
  }

  for (const { email, fullName: name, organization: organizationId, role } of namedPeople) {
    add({ email, name, organizationId, role, active: true })
  }
  namesByOrganization.forEach((names, organization) => {
    const organizationId = organization < organizations.length ? organization + 1 : null
    names.forEach((name, place) => {
      const role: SystemRole =
        organizationId === null
          ? random.weighted({ guest: 3, standard_engineer: 2 })
          : place === 0
            ? 'manager'
            : random.weighted({ guest: 18, standard_engineer: 48, advanced_engineer: 30, admin: 4 })
      add({
        email: emailOf(name, organization),
        name: name.split('|')[0] ?? name,
        organizationId,
        role,
        active: random.chance(0.9),
      })
    })
  })
  return { organizationRows, userRows, persons }
}
