import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Rule } from '../auth/rule.ts'
import { emailsOf, factOf } from '../auth/viewer.ts'
import type { GraphContext } from './context.ts'
import { type Entity, entityNamed } from './entity.ts'
import { columnOf, tableName } from './statement.ts'
import { farEntity, requireAnchor, rowRuleOf } from './visibility.ts'

/** A rule as a condition on an alias of the entity's table; undefined where it always holds. */
export function ruleSql(context: GraphContext, entity: Entity, rule: Rule, alias: string): Sql | undefined {
  return rule.kind === 'always' ? undefined : new RuleCompiler(context).compile(entity, rule, alias)
}

class RuleCompiler {
  readonly #context: GraphContext
  #aliases = 0

  constructor(context: GraphContext) {
    this.#context = context
  }

  compile(entity: Entity, rule: Rule, alias: string): Sql {
    const { viewer } = this.#context
    const column = (name: string) => {
      requireAnchor(this.#context, entity, name)
      return columnOf(alias, name)
    }
    switch (rule.kind) {
      case 'always':
        return sql`TRUE`
      case 'own':
        return rule.fact === 'email'
          ? sql`${column(rule.column)} = ANY(${emailsOf(viewer)}::text[])`
          : sql`${column(rule.column)} = ${factOf(viewer, rule.fact)}`
      case 'listed':
        return sql`${column(rule.column)} @> jsonb_build_array(${factOf(viewer, rule.fact)}::text)`
      case 'within':
        return sql`${column(rule.column)} = ANY(${[...viewer.scope.keys(rule.set)]}::integer[])`
      case 'empty':
        return sql`${column(rule.column)} IS NULL`
      case 'noneOf':
        return sql`${column(rule.column)}::text <> ALL(${[...rule.values]}::text[])`
      case 'any':
        return this.#joined(entity, rule.of, alias, ' OR ')
      case 'all':
        return this.#joined(entity, rule.of, alias, ' AND ')
      case 'through': {
        const { by, far, column: farColumn } = farEntity(entity, rule.relation)
        const rows = rule.rows ?? rowRuleOf(this.#context, far)
        return this.#exists(far, rows, (farAlias) => sql`${columnOf(farAlias, farColumn)} = ${column(by)}`)
      }
      case 'used': {
        const user = entityNamed(rule.entity)
        const { by, column: named } = farEntity(user, rule.relation)
        requireAnchor(this.#context, user, by)
        const rows = rowRuleOf(this.#context, user)
        return this.#exists(user, rows, (farAlias) => sql`${columnOf(farAlias, by)} = ${column(named)}`)
      }
      default:
        return sql`FALSE`
    }
  }

  #joined(entity: Entity, rules: readonly Rule[], alias: string, separator: string): Sql {
    return sql`(${join(
      rules.map((rule) => this.compile(entity, rule, alias)),
      separator,
    )})`
  }

  #exists(far: Entity, rows: Rule, joined: (alias: string) => Sql): Sql {
    const alias = `v${++this.#aliases}`
    const rule = this.compile(far, rows, alias)
    return sql`EXISTS (SELECT 1 FROM ${tableName(far.table)} ${raw(alias)} WHERE ${joined(alias)} AND ${rule})`
  }
}
