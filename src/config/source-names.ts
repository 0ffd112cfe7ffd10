/** Where a source's settings are in the environment. */
export interface SourceName {
  /** Its name in the graph. */
  readonly name: string
  /** The variable that holds its URL. */
  readonly variable: string
  /** What precedes a pool variable that is meant for this source alone: `PLATFORM_DB_MAX_CONNECTIONS`. */
  readonly prefix: string
  /** What its database and the role that owns it are called where no URL says otherwise. */
  readonly database: string
  readonly role: string
  /** The variable that names the time zone its writers keep, where that need not be UTC. */
  readonly timeZoneVariable?: string
}

/** Every source that the environment may configure, one line each. */
export const sourceNames = [
  {
    name: 'platform',
    variable: 'DATABASE_URL',
    prefix: 'PLATFORM',
    database: 'platform',
    role: 'platform_user',
  },
  { name: 'users', variable: 'USER_DATABASE_URL', prefix: 'USERS', database: 'users', role: 'users_user' },
  {
    name: 'inference',
    variable: 'INFERENCE_DATABASE_URL',
    prefix: 'INFERENCE',
    database: 'pic_db',
    role: 'pic_user',
    timeZoneVariable: 'INFERENCE_TIME_ZONE',
  },
  {
    name: 'iaas',
    variable: 'IAAS_DATABASE_URL',
    prefix: 'IAAS',
    database: 'crosslogic_iaas',
    role: 'crosslogic',
  },
  {
    name: 'skypilot',
    variable: 'SKYPILOT_DATABASE_URL',
    prefix: 'SKYPILOT',
    database: 'skypilot_state',
    role: 'skypilot',
  },
  {
    name: 'gpudev',
    variable: 'GPUDEV_DATABASE_URL',
    prefix: 'GPUDEV',
    database: 'gpudev',
    role: 'gpudev',
  },
  { name: 'mlops', variable: 'MLOPS_DATABASE_URL', prefix: 'MLOPS', database: 'mlops', role: 'mlops' },
] as const satisfies readonly SourceName[]

/** The name of a source. */
export type SourceKey = (typeof sourceNames)[number]['name']

/** A value for each source. */
export type BySource<T> = Readonly<Record<SourceKey, T>>

export const bySource = <T>(value: (source: SourceKey) => T): BySource<T> =>
  Object.fromEntries(sourceNames.map(({ name }) => [name, value(name)])) as Record<SourceKey, T>

/** The environment in which each source has its URL. */
export const environmentOf = (urls: Partial<BySource<string>>): Record<string, string> =>
  Object.fromEntries(
    sourceNames.flatMap(({ name, variable }) => {
      const url = urls[name]
      return url === undefined ? [] : [[variable, url]]
    }),
  )
