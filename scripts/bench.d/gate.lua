-- What is written with Lua where this module is not: three keys of Redis, a
-- grant in JSON, and the decision, as short as it can be and stay right.

local cjson = require "cjson.safe"
local redis = require "nginx.redis"

local null = ngx.null
local roles = {
    administrator_full = { live = true, archive = true, export = true },
    user_full = { live = true, archive = true, export = true },
    user_restricted = { live = true, archive = true },
}

local _M = {}


local function read(account, organization)
    local red = redis:new()

    red:set_timeout(200)

    if not red:connect(_M.socket) then
        return nil
    end

    local prefix = "privacy:{" .. account .. "}:"
    local values = red:mget(prefix .. "unrestricted", prefix .. "excluded",
                            prefix .. "grant:" .. organization)

    red:set_keepalive(60000, 64)

    return values
end


local function has(list, wanted)
    for i = 1, #list do
        if list[i] == wanted then
            return true
        end
    end

    return false
end


local function decide(values, camera, resource)
    if values[1] ~= null or values[2] ~= null then
        return true
    end

    if values[3] == null then
        return false
    end

    local grant = cjson.decode(values[3])
    local role = grant and roles[grant.role]

    if not role or not role[resource] then
        return false
    end

    if grant.cameras and not has(grant.cameras, camera) then
        return false
    end

    return resource ~= "export" or grant.exports == true
end


local function verdict(var)
    if var.level == "client" or var.level == "client_admin" then
        return var.organization == var.account and 200 or 403
    end

    local values = read(var.account, var.organization)

    if not values then
        return 503
    end

    return decide(values, var.camera, var.resource) and 200 or 403
end


-- Every request asks Redis

function _M.each()
    local status = verdict(ngx.var)

    if status ~= 200 then
        return ngx.exit(status)
    end
end


-- The decision is kept in shared memory for as long as one dares: nobody says
-- when it changes

function _M.shared()
    local var = ngx.var
    local key = var.account .. "/" .. var.organization .. "/" .. var.user
                .. "/" .. var.camera .. "/" .. var.resource
    local dict = ngx.shared.verdicts
    local status = dict:get(key)

    if not status then
        status = verdict(var)
        dict:set(key, status, 10)
    end

    if status ~= 200 then
        return ngx.exit(status)
    end
end


-- As a service that auth_request asks

function _M.service()
    local var = ngx.var
    local m = ngx.re.match(var.http_x_original_uri or "",
                           "^/accounts/([^/]+)/cameras/([^/]+)/", "jo")

    if not m then
        return ngx.exit(403)
    end

    local values = read(m[1], var.http_x_organization)

    if not values then
        return ngx.exit(503)
    end

    return ngx.exit(decide(values, m[2], var.http_x_resource) and 200 or 403)
end


return _M
