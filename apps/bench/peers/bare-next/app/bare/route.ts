/** The least that a Next route can do. */
export const POST = () => new Response(null, { status: 204 })
