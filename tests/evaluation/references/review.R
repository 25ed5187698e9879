# What metafor says of the BCG trials (metadat::dat.bcg) and of two data sets with empty cells and with means.
# Rscript review.R > review.json      (Debian: r-cran-metafor, r-cran-jsonlite)
suppressMessages(library(metafor))
library(jsonlite)

pooled <- function(fit) list(
  estimate = c(fit$beta)[1], se = fit$se[1], ci = c(fit$ci.lb[1], fit$ci.ub[1]), p = fit$pval[1],
  tau2 = if (is.null(fit$tau2)) 0 else fit$tau2, q = fit$QE, q_p = fit$QEp)

bcg <- dat.bcg
counts <- list(ai = bcg$tpos, bi = bcg$tneg, ci = bcg$cpos, di = bcg$cneg)
sizes <- function(measure) do.call(escalc, c(list(measure = measure), counts))
out <- list(version = as.character(packageVersion("metafor")))

for (measure in c("RR", "OR", "RD", "PETO")) {
  d <- sizes(measure)
  out$pooled[[measure]] <- list(fixed = pooled(rma(yi, vi, data = d, method = "FE")))
  for (method in c("DL", "PM", "REML", "SJ"))
    out$pooled[[measure]][[method]] <- pooled(rma(yi, vi, data = d, method = method, control = list(threshold = 1e-12, tol = 1e-12)))
  out$knapp_hartung[[measure]] <- pooled(rma(yi, vi, data = d, method = "REML", test = "knha", control = list(threshold = 1e-12)))
}
for (measure in c("RR", "OR", "RD"))
  out$mantel_haenszel[[measure]] <- pooled(do.call(rma.mh, c(list(measure = measure, correct = FALSE), counts)))

# Rare events with empty cells
rare <- data.frame(ai = c(0, 3, 1, 0, 4), n1 = c(60, 80, 55, 40, 120), ci = c(2, 5, 0, 3, 9), n2 = c(58, 82, 60, 41, 118))
rare_counts <- list(ai = rare$ai, n1i = rare$n1, ci = rare$ci, n2i = rare$n2)
for (to in c("only0", "if0all", "all")) {
  d <- do.call(escalc, c(list(measure = "OR", to = to), rare_counts))
  out$rare[[to]] <- pooled(rma(yi, vi, data = d, method = "DL"))
}
for (measure in c("RR", "OR", "RD"))
  out$rare_mantel_haenszel[[measure]] <- pooled(do.call(rma.mh, c(list(measure = measure, correct = FALSE), rare_counts)))
out$rare_peto <- pooled(do.call(rma.peto, rare_counts))

d <- sizes("RR")
fit <- rma(yi, vi, data = d, method = "REML", control = list(threshold = 1e-12))
ends <- confint(fit, control = list(tol = 1e-12))
out$tau2_interval <- ends$random["tau^2", c("ci.lb", "ci.ub")]

regression <- function(fit) list(
  estimate = c(fit$beta), se = fit$se, p = fit$pval, tau2 = fit$tau2, i2 = fit$I2 / 100, r2 = fit$R2 / 100,
  q_e = fit$QE, q_e_p = fit$QEp, q_m = fit$QM, q_m_p = fit$QMp)
d$ablat <- bcg$ablat
d$alloc <- bcg$alloc
for (method in c("DL", "PM", "REML", "SJ"))
  out$regression[[method]] <- regression(rma(yi, vi, mods = ~ ablat, data = d, method = method, control = list(threshold = 1e-12)))
out$regression_words <- regression(rma(yi, vi, mods = ~ ablat + alloc, data = d, method = "REML", control = list(threshold = 1e-12)))
out$regression_knapp_hartung <- regression(rma(yi, vi, mods = ~ ablat, data = d, method = "REML", test = "knha", control = list(threshold = 1e-12)))

left <- leave1out(fit)
out$leave_one_out <- list(estimate = left$estimate, se = left$se, tau2 = left$tau2, q = left$Q)
bent <- influence(fit)$inf
out$influence <- list(
  rstudent = bent$rstudent, dffits = bent$dffits, cook = bent$cook.d, cov_ratio = bent$cov.r,
  tau2_without = bent$tau2.del, q_without = bent$QE.del, weight = bent$weight / 100)

asymmetry <- regtest(d$yi, d$vi, model = "lm")
out$egger <- list(t = asymmetry$zval, df = asymmetry$dfs, p = asymmetry$pval, limit = asymmetry$est,
                  limit_ci = c(asymmetry$ci.lb, asymmetry$ci.ub))
for (method in c("FE", "DL", "REML"))
  for (side in c("left", "right")) {
    filled <- trimfill(rma(yi, vi, data = d, method = method), side = side)
    out$trim_and_fill[[method]][[side]] <- c(list(missing = filled$k0, missing_se = filled$se.k0), pooled(filled))
  }
out$trim_and_fill_side <- trimfill(fit)$side

# Standardised and plain differences of means (metadat::dat.normand1999: length of stay after stroke)
stay <- dat.normand1999
for (measure in c("MD", "SMD")) {
  d <- escalc(measure = measure, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = stay)
  out$stay[[measure]] <- pooled(rma(yi, vi, data = d, method = "REML", control = list(threshold = 1e-12)))
}
cat(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE))
