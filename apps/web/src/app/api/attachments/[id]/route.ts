import { userRoute } from '@/server/route.ts'

/** What a browser may show by itself without running anything; everything else is a download. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif)|application\/pdf|text\/plain)$/

/** An attachment's bytes, from the provider. Never as an active document of ours. */
export const GET = userRoute(async ({ params, runtime, user, signal }) => {
  const attachment = await runtime.attachment(user.id, params.id ?? '', signal)
  const { bytes } = attachment
  const shown = SHOWN.test(attachment.mimeType)
  const name = encodeURIComponent(attachment.filename || 'attachment').replace(
    /['()*]/g,
    c => `%${c.charCodeAt(0).toString(16)}`,
  )
  return new Response(new Uint8Array(bytes), {
    headers: {
      'content-type': shown ? attachment.mimeType : 'application/octet-stream',
      'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${name}`,
      'content-length': String(bytes.byteLength),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=3600',
    },
  })
})
