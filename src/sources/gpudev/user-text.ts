import sql, { type Sql } from 'sql-template-tag'
import { columnOf } from '../../graph/statement.ts'

/*
 * Reservations and disks name their user by the username; rows of old by the number, as text. A number means its user
 * only where nobody has it for a username: else somebody would own the rows of another.
 */

const isNobodysName = (user: string) =>
  sql`NOT EXISTS (SELECT FROM public.api_users o WHERE o.username = ${columnOf(user, 'user_id')}::text)`

/** Whether a row names a user, as a condition on their aliases. */
export const namesUser = (near: string, user: string): Sql =>
  sql`(${columnOf(user, 'username')} = ${columnOf(near, 'user_id')}
    OR (${columnOf(user, 'user_id')}::text = ${columnOf(near, 'user_id')} AND ${isNobodysName(user)}))`

/** Whether the row `t` names the user with a number. */
export const namesUserNumber = (number: Sql): Sql =>
  sql`${columnOf('t', 'user_id')} = ANY(ARRAY(
    SELECT u.username FROM public.api_users u WHERE u.user_id = ${number}
    UNION ALL
    SELECT u.user_id::text FROM public.api_users u WHERE u.user_id = ${number} AND ${isNobodysName('u')}))`

/** The columns by which users are found. */
export const userColumns = ['user_id', 'username'] as const
