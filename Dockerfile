# syntax=docker/dockerfile:1
FROM node:24-slim AS build
WORKDIR /app
ENV CI=true NEXT_TELEMETRY_DISABLED=1 TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
RUN npm install --global pnpm@12.21.0
COPY . .
RUN pnpm install --frozen-lockfile
# `generate` needs no schema engine; naming one keeps the CLI from downloading it.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/bin/true DATABASE_URL=postgresql://localhost/unused \
    pnpm exec prisma generate --schema prisma/schema.prisma \
 && pnpm exec turbo run build --filter=@inlet/web --env-mode=loose \
 && rm -rf apps/web/.next/cache .turbo

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1 PORT=3000
COPY --from=build --chown=node:node /app /app
USER node
EXPOSE 3000
# Migrating is idempotent and takes a lock, so that several containers may start at once.
CMD ["sh", "-c", "node packages/db/src/migrate-cli.ts && cd apps/web && exec node --max-semi-space-size=16 server/main.ts -p \"$PORT\""]
