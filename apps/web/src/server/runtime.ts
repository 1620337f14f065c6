import { createRuntime, type Runtime } from '@inlet/runtime/compose'
import { readConfig } from '@inlet/runtime/env'
import { type Auth, createAuth } from './auth.ts'

type Server = { runtime: Runtime; auth: Auth }

/**
 * One composition per process. The bundler may give route handlers and instrumentation copies of this module, so the
 * instance hangs on globalThis, where all of them find it.
 */
const slot = globalThis as typeof globalThis & { inletServer?: Promise<Server> }

function server(): Promise<Server> {
  slot.inletServer ??= create()
  return slot.inletServer
}

async function create(): Promise<Server> {
  const runtime = await createRuntime(readConfig())
  return { runtime, auth: createAuth(runtime) }
}

export const getRuntime = async (): Promise<Runtime> => (await server()).runtime
export const getAuth = async (): Promise<Auth> => (await server()).auth
