/**
 * What Redis does at once for the log. A script runs alone, so a writer that was fenced off cannot slip an entry in
 * between the question and the answer.
 *
 * KEYS: a source's history (a hash), its stream, the marks that tell how old its entries are, and its writer's notes (a
 * hash). Positions are kept as 16 hexadecimal digits, which compare as texts, because Lua's numbers have 53 bits; an
 * entry's id is the same number in decimal, which is what Redis orders a stream by and refuses to take twice.
 *
 * Every entry says which was before it, so that a reader notices whatever is missing between two.
 */

/** Where ARGV begins with an epoch and a generation: whether they are those that may write. */
const isHeld = `
local function isHeld()
  local h = redis.call('HMGET', KEYS[1], 'epoch', 'generation')
  return h[1] == ARGV[1] and h[2] == ARGV[2]
end
`

/**
 * Goes on with a history, or begins another. ARGV: origin, where the slot stands (hexadecimal, decimal), the epoch to
 * begin if need be, seconds for which a former stream stays. KEYS[2] is the stream as it is named now, KEYS[3] its
 * marks, KEYS[4] its notes. A stream that does not end where the history says has lost something: that begins another, too.
 *
 * @returns epoch, generation, last, reached.
 */
export const openScript = `
local h = redis.call('HMGET', KEYS[1], 'epoch', 'origin', 'last', 'reached', 'trimmed')
if h[1] then
  local isWhole = h[3] == h[5]
  if not isWhole then
    local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
    isWhole = newest[1] ~= nil and newest[1][2][2] == h[3]
  end
  if h[2] == ARGV[1] and isWhole and h[4] >= ARGV[2] then
    return {h[1], redis.call('HINCRBY', KEYS[1], 'generation', 1), h[3], h[4]}
  end
  if redis.call('EXISTS', KEYS[2]) == 1 then
    redis.pcall('XADD', KEYS[2], '18446744073709551615-1', 'end', '')
    redis.call('EXPIRE', KEYS[2], ARGV[5])
  end
  redis.call('EXPIRE', KEYS[3], ARGV[5])
  redis.call('EXPIRE', KEYS[4], ARGV[5])
  redis.call('HDEL', KEYS[1], 'report')
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'origin', ARGV[1], 'trimmed', ARGV[2], 'last', ARGV[2], 'lastId', ARGV[3],
  'reached', ARGV[2])
return {ARGV[4], redis.call('HINCRBY', KEYS[1], 'generation', 1), ARGV[2], ARGV[2]}
`

/**
 * ARGV: epoch, generation, how far the writer knows that the log reaches, where the entries begin, names and texts of
 * notes, of which the empty are forgotten; then for each entry its position in hexadecimal and in decimal, and its text.
 *
 * @returns 'fenced', or 'torn' where the log does not reach so far, or how far it reached before.
 */
export const appendScript = `
${isHeld}
if not isHeld() then return 'fenced' end
local h = redis.call('HMGET', KEYS[1], 'last', 'lastId', 'reached')
local last, id, before = h[1], h[2], h[3]
if before < ARGV[3] then return 'torn' end
local reached = before
local first = tonumber(ARGV[4])
for at = 5, first - 1, 2 do
  if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[4], ARGV[at])
  else redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 1]) end
end
for at = first, #ARGV, 3 do
  if ARGV[at] > reached then
    redis.call('XADD', KEYS[2], ARGV[at + 1] .. '-0', 'lsn', ARGV[at], 'after', last, 'body', ARGV[at + 2])
    last, id, reached = ARGV[at], ARGV[at + 1], ARGV[at]
  end
end
redis.call('HSET', KEYS[1], 'last', last, 'lastId', id, 'reached', reached)
return before
`

/** ARGV: epoch, generation, how far. @returns whether the writer is not fenced off. */
export const advanceScript = `
${isHeld}
if not isHeld() then return 0 end
if redis.call('HGET', KEYS[1], 'reached') < ARGV[3] then redis.call('HSET', KEYS[1], 'reached', ARGV[3]) end
return 1
`

/** ARGV: epoch, generation, the report. @returns whether the writer is not fenced off. */
export const reportScript = `
${isHeld}
if not isHeld() then return 0 end
redis.call('HSET', KEYS[1], 'report', ARGV[3])
return 1
`

/**
 * Marks where the log is now, and forgets what was there before a time, and whatever is more than some entries. ARGV:
 * epoch, generation, now, the time, the entries that may stay. Without the mark (Redis has no memory left) it still
 * forgets.
 *
 * @returns whether the writer is not fenced off.
 */
export const trimScript = `
${isHeld}
if not isHeld() then return 0 end
local h = redis.call('HMGET', KEYS[1], 'last', 'lastId')
redis.pcall('ZADD', KEYS[3], 'NX', ARGV[3], h[1] .. ':' .. h[2])
local old = redis.call('ZREVRANGEBYSCORE', KEYS[3], ARGV[4], '-inf', 'LIMIT', 0, 1)
local trimmed = 0
if old[1] then
  local id = string.sub(old[1], 18)
  trimmed = redis.call('XTRIM', KEYS[2], 'MINID', id .. '-1')
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[4])
end
trimmed = trimmed + redis.call('XTRIM', KEYS[2], 'MAXLEN', ARGV[5])
if trimmed > 0 then
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
  redis.call('HSET', KEYS[1], 'trimmed', oldest[1] and oldest[1][2][4] or h[1])
end
return 1
`
