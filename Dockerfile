FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-slim
WORKDIR /app
COPY --from=build /build/dist ./
# Where the change log is kept, unless REDIS_URL names another place.
RUN install -d -o node -g node /var/lib/tributary
VOLUME /var/lib/tributary
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 TRIBUTARY_HOME=/var/lib/tributary
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "tributary.mjs"]
CMD ["serve"]
