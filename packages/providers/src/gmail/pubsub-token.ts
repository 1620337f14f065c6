import { GoogleAuth } from 'google-auth-library'

/**
 * Access tokens of the machine's own Google identity: the service account that GOOGLE_APPLICATION_CREDENTIALS names, or
 * that of the machine on Google Cloud (Application Default Credentials). The library keeps and renews them.
 */
export function pubSubToken(): (signal: AbortSignal) => Promise<string | null> {
  const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/pubsub'] })
  return async signal => {
    signal.throwIfAborted()
    return (await auth.getAccessToken()) ?? null
  }
}
