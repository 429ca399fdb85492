# The command `purview-streams` as an image: docker build -t purview-streams .
# It runs without rights and writes nowhere but to /tmp and /var/lib/purview-streams, so that its file system can be read-only.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/build-image.sh scripts/
RUN scripts/build-image.sh dependencies
COPY . .
RUN scripts/build-image.sh build

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN install -d -o node -g node /var/lib/purview-streams
USER node
VOLUME /var/lib/purview-streams
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["--help"]
