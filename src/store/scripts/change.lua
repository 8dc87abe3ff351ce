-- One change of one account: the records, their TTLs, the index entries and
-- the log event, all of it or nothing.
--
-- KEYS[1] is the account's log, the others are records and sets of the same
-- account.  ARGV: the channel of events, the event as JSON ('' for none), how
-- many words of fields and values the log event has, those, and then five
-- words for each of KEYS[2], KEYS[3], ...:
--
--   expect  what the record must be still: the SHA-1 of its bytes, '-' for
--           absent, '!' for another type than a string, '' for whatever
--   ttl     what it may have left at most, in ms; -1: it must have no TTL;
--           '' for whatever
--   write   'set', 'del', 'pexpire', 'sadd', 'srem', 'grants', 'keep'
--   value   the record, or the entry of the set
--   px      of set and pexpire: ms to live, '' for ever
--
-- 'grants' deletes a set that holds organizations, and the record of each,
-- whose key is the value and the organization.
--
-- Answers 'changed' if a record is not what it is expected to be: nothing was
-- written then.  Else the id of the log event, '' if there is none.

local words = 5
local rows = 3 + tonumber(ARGV[3])

for i = 2, #KEYS do
    local row = rows + (i - 2) * words
    local expect, ttl = ARGV[row + 1], ARGV[row + 2]

    if expect ~= '' then
        local value = redis.pcall('GET', KEYS[i])
        local found

        if type(value) == 'table' then
            found = '!'
        elseif not value then
            found = '-'
        else
            found = redis.sha1hex(value)
        end

        if found ~= expect then
            return 'changed'
        end
    end

    if ttl ~= '' then
        local left = redis.call('PTTL', KEYS[i])

        ttl = tonumber(ttl)
        if (ttl == -1 and left ~= -1)
           or (ttl ~= -1 and (left < 0 or left > ttl))
        then
            return 'changed'
        end
    end
end

-- First what may fail: then nothing has been written yet.

local id = ''

if ARGV[3] ~= '0' then
    local event = { 'XADD', KEYS[1], '*' }

    for i = 4, rows do
        event[#event + 1] = ARGV[i]
    end

    id = redis.call(unpack(event))
end

for i = 2, #KEYS do
    local row = rows + (i - 2) * words
    local write, value, px = ARGV[row + 3], ARGV[row + 4], ARGV[row + 5]

    if write == 'set' then
        if px == '' then
            redis.call('SET', KEYS[i], value)
        else
            redis.call('SET', KEYS[i], value, 'PX', px)
        end

    elseif write == 'del' then
        redis.call('DEL', KEYS[i])

    elseif write == 'pexpire' then
        redis.call('PEXPIRE', KEYS[i], px)

    elseif write == 'sadd' then
        redis.pcall('SADD', KEYS[i], value)

    elseif write == 'srem' then
        redis.pcall('SREM', KEYS[i], value)

    elseif write == 'grants' then
        local members = redis.pcall('SMEMBERS', KEYS[i])

        if not members.err then
            for _, member in ipairs(members) do
                redis.call('DEL', value .. member)
            end
        end

        redis.call('DEL', KEYS[i])
    end
end

-- Whoever may not publish may change all the same.

if ARGV[2] ~= '' then
    redis.pcall('PUBLISH', ARGV[1], ARGV[2])
end

return id
