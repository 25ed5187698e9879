# What afex and nlme find for measurements.csv, in which some measurements are missing. Writes repeated.json beside itself.
suppressMessages({library(afex); library(nlme); library(jsonlite)})
afex_options(check_contrasts = TRUE)

data <- read.csv("measurements.csv")
whole <- data[data$person %in% names(which(table(data$person[!is.na(data$hours)]) == 4)), ]
whole$age <- whole$age - mean(whole$age[whole$wave == "T1"])

terms <- function(fit) {
  table <- as.data.frame(anova(fit, correction = "none", es = "pes"))
  list(term = rownames(table), F = table[["F"]], df1 = table[["num Df"]], df2 = table[["den Df"]],
       p = table[["Pr(>F)"]], pes = table[["pes"]])
}
found <- list()
found$plain <- terms(suppressMessages(aov_ez("person", "hours", whole, between = "group", within = "wave")))
found$with_age <- terms(suppressMessages(suppressWarnings(
  aov_ez("person", "hours", whole, between = "group", within = "wave", covariate = "age", factorize = FALSE))))

told <- data[!is.na(data$hours), ]
told$group <- factor(told$group); told$wave <- factor(told$wave)
contrasts(told$group) <- contr.sum(2); contrasts(told$wave) <- contr.sum(4)
told$age <- told$age - mean(told$age)
fit <- lme(hours ~ group * wave + age, random = ~ 1 | person, data = told, method = "REML")
table <- summary(fit)$tTable
found$mixed <- list(term = rownames(table), estimate = table[, "Value"], se = table[, "Std.Error"],
                    person = as.numeric(VarCorr(fit)[1, 1]), residual = as.numeric(VarCorr(fit)[2, 1]),
                    persons = length(unique(told$person)), measurements = nrow(told))
write(toJSON(found, digits = 12, auto_unbox = TRUE, pretty = TRUE), "repeated.json")
