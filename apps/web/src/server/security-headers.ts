/**
 * On every answer, whoever gives it: next.config.ts for Next's, direct.ts for those that our own server gives. The pages'
 * Content-Security-Policy carries a nonce per response: src/proxy.ts.
 */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
} as const
