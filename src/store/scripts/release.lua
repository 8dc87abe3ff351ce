-- Gives a claimed key up: KEYS[1] is deleted if it holds ARGV[1].  Answers
-- how many keys were deleted.

if redis.pcall('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end

return 0
