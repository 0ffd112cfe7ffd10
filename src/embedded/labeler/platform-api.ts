import type { Pool } from 'pg'
import type { Answer, ApiRequest } from './stand-in.ts'

interface DatasetRow {
  readonly id: string
  readonly owner_id: number
  readonly visibility: string
  readonly [column: string]: unknown
}

const columns = `id, name, description, format, labeled, storage_type, storage_path, annotation_path, num_classes,
  num_images, class_names::json AS class_names, published_task_types, tags::json AS tags, visibility, owner_id, version,
  content_hash, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') AS created_at,
  to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') AS updated_at`

const found = (body: object): Answer => ({ status: 200, body })
const missing: Answer = { status: 404, body: { detail: 'Dataset not found' } }
const unprocessable = (detail: string): Answer => ({ status: 422, body: { detail } })

/** What the batch call's model lets through. */
const batchMembers = ['id', 'name', 'format', 'num_images', 'storage_path']
const maximumBatch = 50
const maximumPage = 200

/** The Labeler's API for the platform. It checks the service, and no user's permission: the caller has to. */
export class PlatformApi {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async answer({ method, path, query, body }: ApiRequest): Promise<Answer> {
    const [, rest] = /^\/api\/v1\/platform\/datasets(\/.*)?$/.exec(path) ?? [undefined, path]
    if (rest === undefined && method === 'GET') return this.#list(query)
    if (rest === '/batch' && method === 'POST') return this.#batch(body)
    const [, id = '', , user] = /^\/([^/]+)(\/permissions\/(\d+))?$/.exec(rest ?? '') ?? []
    if (id === '' || method !== 'GET') return { status: 404, body: { detail: 'Not Found' } }
    const key = decodeURIComponent(id)
    return user === undefined ? this.#one(key) : this.#permission(key, Number(user))
  }

  async #rows(condition: string, values: readonly unknown[]): Promise<DatasetRow[]> {
    const statement = `SELECT ${columns} FROM datasets ${condition}`
    return (await this.#pool.query<DatasetRow>(statement, [...values])).rows.map((row) => ({
      ...row,
      class_names: row.class_names ?? [],
      tags: row.tags ?? [],
    }))
  }

  async #one(id: string): Promise<Answer> {
    const [row] = await this.#rows('WHERE id = $1', [id])
    return row ? found(row) : missing
  }

  /** `tags` is taken and ignored; `task_type` brings that task's own numbers. */
  async #list(query: URLSearchParams): Promise<Answer> {
    const page = Number(query.get('page') ?? 1)
    const limit = Number(query.get('limit') ?? 50)
    if (!(page >= 1 && limit >= 1 && limit <= maximumPage)) return unprocessable('Input should be less')
    const values: unknown[] = []
    const conditions: string[] = []
    const where = (parameter: string, condition: (place: string) => string) => {
      const value = query.get(parameter)
      if (value === null) return
      values.push(value)
      conditions.push(condition(`$${values.length}`))
    }
    where('user_id', (place) => `owner_id = ${place}::int`)
    where('visibility', (place) => `visibility = ${place}`)
    where('labeled', (place) => `labeled = ${place}::boolean`)
    where('format', (place) => `format = ${place}`)
    where('task_type', (place) => `${place} = ANY(published_task_types)`)
    const condition = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
    const counted = await this.#pool.query(`SELECT count(*)::int AS total FROM datasets ${condition}`, values)
    const rows = await this.#rows(
      `${condition} ORDER BY created_at DESC, id DESC LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
      values,
    )
    const task = query.get('task_type')
    const datasets = task === null ? rows : await this.#ofTask(rows, task)
    return found({ total: counted.rows[0].total, page, limit, datasets })
  }

  async #ofTask(rows: readonly DatasetRow[], task: string): Promise<DatasetRow[]> {
    const { rows: annotated } = await this.#pool.query(
      'SELECT dataset_id, annotated_images FROM annotation_projects WHERE dataset_id = ANY($1)',
      [rows.map(({ id }) => id)],
    )
    const counts = new Map(
      annotated.map(({ dataset_id, annotated_images }) => [dataset_id, annotated_images]),
    )
    return rows.map((row) => ({
      ...row,
      num_images: counts.get(row.id) ?? 0,
      annotation_path: `datasets/${row.id}/annotations/${task}/annotations.json`,
    }))
  }

  async #batch(body: unknown): Promise<Answer> {
    const { dataset_ids: ids, fields } = (body ?? {}) as { dataset_ids?: unknown; fields?: unknown }
    if (!Array.isArray(ids) || ids.length < 1 || ids.length > maximumBatch)
      return unprocessable(`List should have 1 to ${maximumBatch} items`)
    // The full model is refused by the very model of the answer.
    if (!Array.isArray(fields)) return { status: 500, body: { detail: 'Internal Server Error' } }
    const rows = new Map((await this.#rows('WHERE id = ANY($1)', [ids])).map((row) => [row.id, row]))
    const kept = batchMembers.filter((name) => name === 'id' || fields.includes(name))
    const datasets = ids.map((id: string) => {
      const row = rows.get(id)
      return [id, row ? Object.fromEntries(kept.map((name) => [name, row[name]])) : null]
    })
    const errors = ids.filter((id: string) => !rows.has(id)).map((id: string) => [id, 'Dataset not found'])
    return found({ datasets: Object.fromEntries(datasets), errors: Object.fromEntries(errors) })
  }

  async #permission(dataset_id: string, user_id: number): Promise<Answer> {
    const [row] = await this.#rows('WHERE id = $1', [dataset_id])
    if (!row) return missing
    const { rows } = await this.#pool.query<{ role: string }>(
      'SELECT role FROM dataset_permissions WHERE dataset_id = $1 AND user_id = $2',
      [dataset_id, user_id],
    )
    const given = rows[0]?.role
    const answer = (role: string | null, reason: string) =>
      found({ dataset_id, user_id, has_access: reason !== 'no_access', role, reason })
    if (row.owner_id === user_id) return answer('owner', 'owner')
    if (row.visibility === 'public') return answer(null, 'public_dataset')
    return given === undefined ? answer(null, 'no_access') : answer(given, 'explicit_permission')
  }
}
