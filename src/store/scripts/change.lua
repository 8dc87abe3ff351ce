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

-- What is to be written: the records, then the index, the event last, so that
-- no log tells of a change that was not made.

local writes, index, gone = {}, {}, {}

for i = 2, #KEYS do
    local row = rows + (i - 2) * words
    local write, value, px = ARGV[row + 3], ARGV[row + 4], ARGV[row + 5]

    if write == 'set' then
        writes[#writes + 1] = px == '' and { 'SET', KEYS[i], value }
                              or { 'SET', KEYS[i], value, 'PX', px }

    elseif write == 'del' then
        writes[#writes + 1] = { 'DEL', KEYS[i] }

    elseif write == 'pexpire' then
        writes[#writes + 1] = { 'PEXPIRE', KEYS[i], px }

    elseif write == 'sadd' then
        index[#index + 1] = { 'SADD', KEYS[i], value }

    elseif write == 'srem' then
        index[#index + 1] = { 'SREM', KEYS[i], value }

    elseif write == 'grants' then
        local members = redis.pcall('SMEMBERS', KEYS[i])

        if not members.err then
            for _, member in ipairs(members) do
                writes[#writes + 1] = { 'DEL', value .. member }
            end
        end

        writes[#writes + 1] = { 'DEL', KEYS[i] }
    end
end

if ARGV[3] ~= '0' then
    local event = { 'XADD', KEYS[1], '*' }

    for i = 4, rows do
        event[#event + 1] = ARGV[i]
    end

    writes[#writes + 1] = event

    -- A log that is none could not take the event.

    local log = redis.pcall('XLEN', KEYS[1])

    if type(log) == 'table' and log.err
       and string.find(log.err, 'WRONGTYPE', 1, true)
    then
        return redis.error_reply('WRONGLOG the log is no stream')
    end
end

-- Nothing is undone when a command fails, so what this user may not do is
-- asked first.  Redis has compared the declared keys with its ACL already; the
-- commands only 7.0 can be asked about.  6.2 is asked for the event, by one
-- with an id that is none.

if redis.acl_check_cmd then
    for _, command in ipairs(writes) do
        if not redis.acl_check_cmd(unpack(command)) then
            return redis.error_reply('NOPERM ' .. command[1])
        end
    end

elseif ARGV[3] ~= '0' then
    local probe = redis.pcall('XADD', KEYS[1], '!', 'a', 'b')

    if not string.find(probe.err, 'stream ID', 1, true) then
        return probe
    end
end

-- What the index lacks the next sweep adds: that is no reason to refuse.

local id = ''

for _, command in ipairs(writes) do
    id = redis.call(unpack(command))
end

for _, command in ipairs(index) do
    redis.pcall(unpack(command))
end

-- Whoever may not publish may change all the same.

if ARGV[2] ~= '' then
    redis.pcall('PUBLISH', ARGV[1], ARGV[2])
end

return ARGV[3] ~= '0' and id or ''
