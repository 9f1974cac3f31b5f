# One image, all roles: `docker run … bankchurn serve`, or any other command of the program.
# No `syntax` line: a build asks nobody but the two base images' registry and npm's.
# docker-compose.yml, `make docker-demo` and CI build on these by digest.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --loglevel=error
# ONNX Runtime's package has the binaries of six platforms; one of them is this one.
RUN cd node_modules/onnxruntime-node/bin/napi-v6 \
 && find . -mindepth 2 -maxdepth 2 ! -path "./$(node -p 'process.platform + "/" + process.arch')" -exec rm -r {} +

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --loglevel=error
COPY . .
RUN node cli/generate/build.js --no-source-maps

# Node alone: no npm, no compiler, no sources.
FROM ${DEBIAN_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="bankchurn" \
      org.opencontainers.image.description="Customer events in, churn scores with exact reasons out, exactly once, on Kafka" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=modules /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY package.json ./
COPY bin bin
COPY configs configs
COPY models/champion models/champion
COPY --from=build /app/dist dist
RUN ln -s /app/bin/bankchurn.js /usr/local/bin/bankchurn
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["node", "bin/healthcheck.js"]
ENTRYPOINT ["node", "bin/bankchurn.js"]
CMD ["serve"]
