import type { Runtime } from '@inlet/runtime/compose'
import { betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import { authDatabase } from './auth-database.ts'

export type Auth = ReturnType<typeof createAuth>

const WEEK_S = 7 * 24 * 60 * 60

/**
 * Sessions of people, by better-auth over our own tables. What it calls account is a credential here: account is a
 * connected mailbox (docs/architecture.md, Names).
 */
export function createAuth(runtime: Runtime) {
  const { config } = runtime
  return betterAuth({
    appName: 'Inlet',
    baseURL: config.baseUrl,
    basePath: '/api/auth',
    secret: config.authSecret,
    database: authDatabase(runtime),
    account: { modelName: 'credential' },
    emailAndPassword: { enabled: true, minPasswordLength: 10, disableSignUp: false },
    session: { expiresIn: 4 * WEEK_S, updateAge: 24 * 60 * 60 },
    // localhost and 127.0.0.1 are one machine to a person.
    trustedOrigins: [config.baseUrl, config.baseUrl.replace('//localhost', '//127.0.0.1')],
    telemetry: { enabled: false },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 100,
      customRules: { '/sign-in/email': { window: 60, max: 20 } },
    },
    databaseHooks: {
      user: {
        create: {
          before: async user => {
            if (config.signUp || user.email === DEMO_EMAIL) return { data: user }
            throw new APIError('FORBIDDEN', { message: 'This server does not take new accounts.' })
          },
        },
      },
      session: {
        create: {
          after: async session => runtime.audit({ userId: session.userId, action: 'sign_in' }),
        },
        delete: {
          after: async session => {
            await runtime.signedOut(session.userId, session.id)
          },
        },
      },
    },
  })
}

export const DEMO_EMAIL = 'demo@inlet.test'
