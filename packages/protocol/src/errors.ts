import * as z from 'zod'

/** Stable codes of the HTTP API with their status. A code never changes its meaning; the sentence may. */
export const errorStatus = {
  bad_request: 400,
  invalid_cursor: 400,
  unauthorized: 401,
  push_rejected: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  cursor_too_old: 410,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  reconnect_needed: 409,
  internal: 500,
  provider_failed: 502,
  unavailable: 503,
  timeout: 504,
} as const
export type ErrorCode = keyof typeof errorStatus
const codes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]]

export const ApiErrorBody = z.object({
  error: z.object({
    code: z.enum(codes),
    message: z.string(),
    /** Field by field, for 400. */
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** Seconds; also in Retry-After. */
    retryAfter: z.number().optional(),
    /** The feed's floor, with cursor_too_old. */
    floor: z.number().optional(),
  }),
})
export type ApiErrorBody = z.infer<typeof ApiErrorBody>
