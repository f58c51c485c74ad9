# A static binary in an empty image. Build: docker build -t kanta-phr-sandbox .
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# crt-static links glibc into the binary, so no musl toolchain is needed. --target keeps the flag away from build scripts.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target "$target" \
    && install -D "target/$target/release/kanta-phr-sandbox" /image/kanta-phr-sandbox \
    && install -d -o 10001 -g 10001 /image/data

FROM scratch
COPY --from=build /image/ /
USER 10001:10001
ENV PHR_HTTP=0.0.0.0:8080 \
    PHR_OPEN_HTTP=0.0.0.0:8081 \
    PHR_HTTPS=0.0.0.0:8443 \
    PHR_DATA_DIR=/data
VOLUME /data
EXPOSE 8080 8081 8443
# Every second: without --start-interval, which engines before 25 do not know, the first probe waits for the interval.
HEALTHCHECK --interval=1s --timeout=3s --retries=5 CMD ["/kanta-phr-sandbox", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/kanta-phr-sandbox"]
