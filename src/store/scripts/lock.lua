-- The lock of the sweep.  KEYS[1] is the lock, ARGV[1] the sweeper's token,
-- ARGV[2] how long the lock lives, in ms; 0 gives it up.  Answers 1 if the
-- sweeper has it (had it, where it gives it up), else 0.  A holder that dies
-- loses it by the TTL.

local holder = redis.pcall('GET', KEYS[1])

if holder and holder ~= ARGV[1] then
    return 0
end

if ARGV[2] == '0' then
    return holder and redis.call('DEL', KEYS[1]) or 0
end

redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])

return 1
