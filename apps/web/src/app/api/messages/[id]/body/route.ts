import { json, userRoute } from '@/server/route.ts'

/** A message's body and the list of its attachments; fetched from the provider now if it is not stored. */
export const GET = userRoute(async ({ params, runtime, user, signal }) =>
  json(await runtime.messageBody(user.id, params.id ?? '', signal)),
)
