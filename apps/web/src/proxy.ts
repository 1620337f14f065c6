import { type NextRequest, NextResponse } from 'next/server'

/**
 * The pages' Content-Security-Policy. Scripts run only with this response's nonce.
 * A srcdoc frame inherits its parent's policy: `img-src` lets remote images through so that the mail frame's
 * own, tighter policy can decide (see inbox/reader/mail-document.ts), and inline styles stay allowed for mail.
 */
export function proxy(request: NextRequest) {
  const nonce = btoa(crypto.randomUUID())
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https: http:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  const headers = new Headers(request.headers)
  headers.set('x-nonce', nonce)
  // Next reads the nonce for its own scripts out of this request header.
  headers.set('content-security-policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

export const config = { matcher: ['/((?!api/|_next/|icon.svg|favicon.ico).*)'] }
