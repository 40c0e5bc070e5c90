"""What Redis does in one atomic step, in Lua.

A row ends in a byte: 0 for the snapshot's, 1 for a pushed one, which has its times before that byte: event
and created, int64 microseconds, little-endian. The header begins with the same two of the snapshot.
"""

_LATER = """
local function later(e1, c1, e2, c2) return e1 > e2 or (e1 == e2 and c1 > c2) end
"""

#: KEYS lock; ARGV token, milliseconds (0: give it back) → 1, or 0 when somebody else holds it
HOLD = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

#: KEYS rows, pushed; ARGV field, row, field, row …: rows not older than what is served are put in → how many;
#: -1 when nothing is online
PUSH = (
    _LATER
    + """
local header = redis.call('HGET', KEYS[1], 'h')
if not header then return -1 end
local he, hc = struct.unpack('<i8i8', header)
local taken = 0
for i = 1, #ARGV, 2 do
  local row = ARGV[i + 1]
  local e, c = struct.unpack('<i8i8', row, #row - 16)
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  local oe, oc = he, hc
  if old and old:byte(-1) == 1 then oe, oc = struct.unpack('<i8i8', old, #old - 16) end
  if not old or not later(oe, oc, e, c) then
    redis.call('HSET', KEYS[1], ARGV[i], row)
    redis.call('SADD', KEYS[2], ARGV[i])
    taken = taken + 1
  end
end
return taken
"""
)

#: KEYS rows, pushed; ARGV field, SHA-1 of the row that was read (empty: there was none), row, field …: a row
#: is put in if the one that was read is still there → [-1] when nothing is online, else the numbers, from 0,
#: of the rows that were not
CHANGE = """
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return {-1} end
local missed = {}
for i = 1, #ARGV, 3 do
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  if (old and redis.sha1hex(old) or '') == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    redis.call('SADD', KEYS[2], ARGV[i])
  else
    missed[#missed + 1] = (i - 1) / 3
  end
end
return missed
"""

#: KEYS rows, pushed, staging, old, lock; ARGV token, entities, header: the staged snapshot, with the pushed
#: rows later than it (all of them when it is the same snapshot again), is served instead of what was
#: → 1; -1 when the lock is lost; -2 when rows are missing
SWITCH = (
    _LATER
    + """
local rows, pushed, staging, old, lock = unpack(KEYS)
if redis.call('GET', lock) ~= ARGV[1] then return -1 end
if redis.call('HLEN', staging) ~= tonumber(ARGV[2]) then return -2 end
local ne, nc = struct.unpack('<i8i8', ARGV[3])
local header = redis.call('HGET', rows, 'h')
local same = header and header:sub(1, 16) == ARGV[3]:sub(1, 16)
for _, id in ipairs(redis.call('SMEMBERS', pushed)) do
  local row = redis.call('HGET', rows, id)
  local keep = same
  if row and not keep then
    local e, c = struct.unpack('<i8i8', row, #row - 16)
    keep = later(e, c, ne, nc)
  end
  if row and keep then redis.call('HSET', staging, id, row) else redis.call('SREM', pushed, id) end
end
redis.call('HSET', staging, 'h', ARGV[3])
if header then redis.call('RENAME', rows, old) end
redis.call('RENAME', staging, rows)
redis.call('UNLINK', old)
return 1
"""
)
